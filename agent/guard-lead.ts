/**
 * The packet guard is asked to shut this much before the lease ends: a commit that comes late is then still within the
 * lease, and what remains as slack is small. A renewal comes long before either. Load balancers are told of it as well.
 */
export const GUARD_LEAD_MS = 200
