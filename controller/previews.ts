// What operators' orders would do now, in the words of the controller that is asked; nothing of it is done.
import type { Leader } from '../protocol/api.ts'
import { monotonicMs } from './clock.ts'
import type { ClusterService } from './cluster-service.ts'
import { refusalInWords } from './command-errors.ts'
import type { CommandRefusal } from './core/actions.ts'
import { previewFailover } from './core/preview-failover.ts'
import { previewSwitchover } from './core/preview.ts'
import type { ClusterState, CoreConfig } from './core/state.ts'

export interface PreviewsOptions {
  readonly config: CoreConfig
  /** As it is at this moment. */
  readonly state: () => ClusterState
  readonly otherLeader: () => Leader | null
}

export function createPreviews ({ config, state, otherLeader }: PreviewsOptions): Pick<ClusterService, 'previewSwitchover' | 'previewFailover'> {
  const cluster = config.cluster.name
  const inWords = (refusal: CommandRefusal | null) => refusal === null ? null : refusalInWords(cluster, refusal, otherLeader())
  return {
    previewSwitchover (to) {
      const { refusal, candidates, steps, ...preview } = previewSwitchover(config, state(), to, monotonicMs())
      return { cluster, ...preview, candidates: [...candidates], steps: [...steps], refusal: inWords(refusal) }
    },
    previewFailover (to, force) {
      const { refusal, candidates, unknown, ...preview } = previewFailover(config, state(), { to, force }, monotonicMs())
      return { cluster, ...preview, candidates: [...candidates], unknown: [...unknown], refusal: inWords(refusal) }
    }
  }
}
