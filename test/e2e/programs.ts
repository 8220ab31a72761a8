// Breaks a program on one host, and nowhere else: in the host's own mount namespace another file lies over it.
import { TestbedError } from '../testbed/command.ts'
import { type Testbed } from '../testbed/testbed.ts'

async function sh (testbed: Testbed, host: string, script: string): Promise<void> {
  const result = await testbed.exec(host, ['sh', '-ec', script])
  if (result.failed) throw new TestbedError(`on ${host}: ${result.stderr}`)
}

/** The program ends with an error that says so. */
export async function breakProgram (testbed: Testbed, host: string, program: string): Promise<void> {
  await sh(testbed, host, `
    file=$(readlink -f "$(command -v ${program})")
    printf '#!/bin/sh\\necho "${program} is broken" >&2\\nexit 1\\n' > /run/broken-${program}
    chmod 755 /run/broken-${program}
    mount --bind /run/broken-${program} "$file"`)
}

/** The program is not to be found: its folder is replaced by one that has everything but it. */
export async function hideProgram (testbed: Testbed, host: string, program: string): Promise<void> {
  await sh(testbed, host, `
    file=$(readlink -f "$(command -v ${program})")
    folder=$(dirname "$file")
    mkdir -p /run/real-${program} /run/fake-${program}
    mount --bind "$folder" /run/real-${program}
    cp -as /run/real-${program}/. /run/fake-${program}/
    rm "/run/fake-${program}/$(basename "$file")"
    mount --bind /run/fake-${program} "$folder"`)
}

/** Both ways back, whichever was gone. */
export async function mendProgram (testbed: Testbed, host: string, program: string): Promise<void> {
  await sh(testbed, host, `
    for mounted in $(awk '$4 ~ /(broken|fake)-${program}$/ { print $5 }' /proc/self/mountinfo | sort -u); do umount --lazy "$mounted"; done
    for mounted in $(awk '$5 == "/run/real-${program}" { print $5 }' /proc/self/mountinfo); do umount --lazy "$mounted"; done
    command -v ${program} > /dev/null
    rm -rf /run/fake-${program} /run/broken-${program}; rmdir /run/real-${program} 2> /dev/null || :`)
}
