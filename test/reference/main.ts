// npm run reference: writes docs/reference anew.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { referencePages } from './pages.ts'

const DIRECTORY = path.resolve(import.meta.dirname, '../../docs/reference')

await mkdir(DIRECTORY, { recursive: true })
for (const [file, text] of await referencePages()) {
  await writeFile(path.join(DIRECTORY, file), text)
  console.log(`docs/reference/${file}`)
}
