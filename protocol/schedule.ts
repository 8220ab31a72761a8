// What a cluster does at set times.
export const JOBS = ['snapshot', 'compaction', 'drill'] as const
export type Job = typeof JOBS[number]
