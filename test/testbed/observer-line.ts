// What the observer's part on a host writes to its stdout, one JSON array per line.

/** `end` tells why a try failed; several equal failures in a row are told once. */
export type ObserverLine =
  | readonly ['accepted', target: number, startMs: number, endMs: number]
  | readonly ['failed', target: number, startMs: number, endMs: number, why: string]
  /** The observer itself did not get the processor for this long: what happened meanwhile it does not know. */
  | readonly ['blind', startMs: number, endMs: number]

export interface ObserverTarget {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly database: string
  readonly table: string
}

export interface ObserverTask {
  readonly targets: readonly ObserverTarget[]
  readonly everyMs: number
  readonly tls: { readonly certificate: string, readonly privateKey: string, readonly caCertificate: string } | null
}
