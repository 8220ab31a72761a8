import type { Guard } from './guard.ts'

/**
 * How late a VIP can go by its kernel lifetime: one second for rounding up, 0.45 s that the kernel was seen to be late
 * (FACTS I), and half a second that the command may take.
 */
export const VIP_LIFETIME_SLACK_MS = 2_000

/** No rules at all: clients are kept away only by the lifetime of the VIP, whose slack is declared here. Established sessions hang rather than end. */
export function createNoGuard (): Guard {
  return {
    kind: 'none',
    slackMs: VIP_LIFETIME_SLACK_MS,
    async install () {},
    async open () {},
    async close () {},
    async remove () {}
  }
}
