// Words that companions' command lines may hold.

const PLACEHOLDER = /\{([^{}]*)\}/g

/** The placeholders in a command line, as they are written between the braces. */
export function placeholdersIn (argument: string): readonly string[] {
  return [...argument.matchAll(PLACEHOLDER)].map(([, word = '']) => word)
}

/** The server that a placeholder names (`socket:nb`); null for any other word. */
export function serverOfPlaceholder (word: string): string | null {
  return /^socket:(.+)$/.exec(word)?.[1]?.toLowerCase() ?? null
}

/** The command line with each `{socket:NAME}` replaced; `sockets` is server -> path. */
export function withSockets (command: readonly string[], sockets: Readonly<Record<string, string>>): readonly string[] {
  return command.map(argument => argument.replaceAll(PLACEHOLDER, (whole, word: string) => sockets[serverOfPlaceholder(word) ?? ''] ?? whole))
}
