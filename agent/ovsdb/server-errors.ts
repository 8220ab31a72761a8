import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

/** The ovsdb-server could not be started, or did not answer in time. The message carries the program's own words. */
export class ServerStartError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SERVER_START'
  readonly httpStatus = 503
  readonly hint = 'Read the end of the server\'s log file; check the program, the paths and the addresses in cluster.yaml.'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`${server} did not start: ${why}`, detail)
  }
}

/** An action that belongs to whoever runs the server (`attach`). */
export class ServerNotOursError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SERVER_NOT_OURS'
  readonly httpStatus = 409
  readonly hint = 'Start or stop the server with whatever runs it, or set run.mode to process or systemd in cluster.yaml.'

  constructor (server: string, what: string, detail?: ErrorDetail) {
    super(`${server} is attached (run.mode: attach): ${what}`, detail)
  }
}

/** A process that had to be gone by a deadline was still there, or could not be told apart. */
export class ServerStillRunningError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SERVER_STILL_RUNNING'
  readonly httpStatus = 504
  readonly hint = 'Look at the process on the node (ps, /proc/PID/stack); end it by hand, or power the node off.'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`${server} is not certain to be gone: ${why}`, detail)
  }
}

/** No rescue could be kept, so the node stays out of replication (S7). */
export class RescueError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_RESCUE'
  readonly httpStatus = 507
  readonly hint = 'Free space in the rescue directory (or move it: rescue.directory), then let the node follow again.'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`no rescue of ${server} could be kept, so it stays out of replication: ${why}`, detail)
  }
}

/** A source was refused before anything was touched (S5). */
export class FollowRefusedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_FOLLOW_REFUSED'
  readonly httpStatus = 409
  readonly hint = 'Compare schema, databases and addresses of both nodes, and the free disk here; the message names what differs.'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`${server} does not follow: ${why}`, detail)
  }
}

/** A server was not made active because of what it holds (S6); it is demoted with the rest of its unit (S8). */
export class PromotionRefusedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_PROMOTION_REFUSED'
  readonly httpStatus = 409
  readonly hint = 'Nothing to do: another node is tried, and this one copies the data of the new active. Its log file says why it turned active.'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`${server} is not promoted: ${why}`, detail)
  }
}

/** Replication was asked for and not seen complete. */
export class FollowIncompleteError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_FOLLOW_INCOMPLETE'
  readonly httpStatus = 504
  readonly hint = 'Check that the source answers on its replication port, and read the log file of this server.'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`${server} has no complete copy: ${why}`, detail)
  }
}

/** The clients' listener could not be opened, or not be shut for certain. */
export class GateError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_GATE'
  readonly httpStatus = 503
  readonly hint = 'Check that the endpoint\'s address is on this node and that nothing else listens on the port (ss -ltnp).'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`the gate of ${server}: ${why}`, detail)
  }
}

/** What is known about a server's copy could not be stored, so nothing is done that depends on it. */
export class CopyStateError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_COPY_STATE'
  readonly httpStatus = 507
  readonly hint = 'Check space and permissions of the state directory.'

  constructor (server: string, why: string, detail?: ErrorDetail) {
    super(`the copy state of ${server} was not stored: ${why}`, detail)
  }
}
