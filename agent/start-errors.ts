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

/** A second agent for the same node: it ends before it has touched anything, and the first goes on. */
export class NodeRunsAlreadyError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NODE_RUNS_ALREADY'
  readonly httpStatus = 500
  readonly hint = 'Stop the other agent first, or give this one the name of its own node (--node).'

  constructor (node: string, what: string, cause: unknown) {
    super(`this node has an agent already: ${what}`, { node, cause })
  }
}

/** The node's address is none of this host: most likely the name is another host's. */
export class AddressNotHereError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_ADDRESS_NOT_HERE'
  readonly httpStatus = 500
  readonly hint: string

  constructor (node: string, address: string, cause: unknown) {
    super(`this host has not the address ${address} of node ${node}`, { node, cause })
    this.hint = `Is this host ${node}? If so, give it ${address}, or correct "address:" in the file; if not, start the agent with --node and its own name.`
  }
}
