// Cuts a stream of JSON objects without any framing (RFC 7047 4) into messages, and bounds what an endless or hostile
// stream can make us keep.
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json'

/** ovsdb-server itself nests replies about ten deep. */
const MAX_DEPTH = 100
/** Arrays and objects cost memory far beyond their two bytes on the wire; real rows have one per ten bytes at most. */
const BYTES_PER_CONTAINER = 8

export type Message = Readonly<Record<string, unknown>>
export type StreamFault = { readonly kind: 'garbled', readonly words: string } | { readonly kind: 'tooLarge', readonly limit: string }

export interface MessageStream {
  /** Takes the next bytes; calls `onMessage` for each object that they complete. After a fault everything is ignored. */
  write (chunk: Uint8Array): void
  /** The stream stands in the middle of a message: an end here is a truncation. */
  readonly midMessage: boolean
}

export interface MessageStreamOptions {
  /** Largest message. */
  readonly maxBytes: number
  readonly onMessage: (message: Message) => void
  /** Called at most once. */
  readonly onFault: (fault: StreamFault) => void
}

export function createMessageStream ({ maxBytes, onMessage, onFault }: MessageStreamOptions): MessageStream {
  const tokenizer = new Tokenizer({ separator: '' })
  const parser = new TokenParser({ separator: '', paths: ['$'] })
  const maxContainers = Math.ceil(maxBytes / BYTES_PER_CONTAINER)
  let bytes = 0
  let containers = 0
  let depth = 0
  let broken = false

  function fail (fault: StreamFault): void {
    if (broken) return
    broken = true
    onFault(fault)
  }

  tokenizer.onToken = token => {
    if (broken) return
    if (token.token === TokenType.LEFT_BRACE || token.token === TokenType.LEFT_BRACKET) {
      depth += 1
      containers += 1
      if (depth > MAX_DEPTH) return fail({ kind: 'tooLarge', limit: `${MAX_DEPTH} levels` })
      if (containers > maxContainers) return fail({ kind: 'tooLarge', limit: `${maxContainers} arrays and objects` })
    } else if (token.token === TokenType.RIGHT_BRACE || token.token === TokenType.RIGHT_BRACKET) {
      depth -= 1
    }
    parser.write(token)
  }
  parser.onValue = ({ value }) => {
    bytes = 0
    containers = 0
    if (broken) return
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail({ kind: 'garbled', words: 'a message that is no object' })
    onMessage(value as Message)
  }
  const onParseError = (error: Error) => fail({ kind: 'garbled', words: error.message })
  tokenizer.onError = onParseError
  parser.onError = onParseError

  return {
    get midMessage () { return depth > 0 },
    write (chunk) {
      if (broken) return
      bytes += chunk.length
      if (bytes > maxBytes) return fail({ kind: 'tooLarge', limit: `${maxBytes} bytes` })
      tokenizer.write(chunk)
    }
  }
}
