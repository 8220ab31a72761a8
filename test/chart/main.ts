// npm run chart: writes what of the chart is generated, and takes away copies whose original is gone.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CHART, copiesInChart, generatedFiles } from './generated.ts'

const files = await generatedFiles()
for (const file of await copiesInChart()) if (!files.has(file)) await rm(path.join(CHART, file))
for (const [file, text] of files) {
  await mkdir(path.dirname(path.join(CHART, file)), { recursive: true })
  await writeFile(path.join(CHART, file), text)
  console.log(`helm/ovsdb-ha/${file}`)
}
