import { OvsdbHaError } from '../protocol/errors.ts'

/** The agent was started for a node that the configuration does not know. */
export class NoSuchNodeError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NO_SUCH_NODE'
  readonly httpStatus = 500
  readonly hint = 'Start the agent with --node and one of the names under "nodes:" in the file.'

  constructor (node: string, file: string, known: readonly string[]) {
    super(`${file} has no node ${node}; it has ${known.join(', ')}`, { node })
  }
}

/** The node is known and belongs to no cluster: there is nothing an agent could do on it. */
export class NothingToDoError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NODE_WITHOUT_CLUSTER'
  readonly httpStatus = 500
  readonly hint = 'Add the node to the "nodes:" of a cluster, or do not start an agent on it.'

  constructor (node: string, file: string) {
    super(`node ${node} is a member of no cluster in ${file}`, { node })
  }
}
