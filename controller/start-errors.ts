import { OvsdbHaError } from '../protocol/errors.ts'

/** The controller's own address and port cannot be listened on. */
export class ControllerAddressError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONTROLLER_ADDRESS'
  readonly httpStatus = 500
  readonly hint: string

  constructor (message: string, hint: string, cause: unknown) {
    super(message, { cause })
    this.hint = hint
  }
}

/** What `listen` failed with, in words that name the likely mistake; anything else stays what it is. */
export function listenError (error: unknown, { name, listen, port }: { readonly name: string, readonly listen: string, readonly port: number }): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE': return new ControllerAddressError(`controller ${name}: something listens on ${listen} port ${port} already`, 'Does a controller run here already? Otherwise give this one another controller.port.', error)
    case 'EADDRNOTAVAIL': return new ControllerAddressError(`controller ${name}: this host has not the address ${listen}`, 'Set controller.listen to an address of this host; each controller has a file of its own.', error)
    default: return error
  }
}
