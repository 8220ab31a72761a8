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

/** `ip` writes lib/taking-address on the host when it is told to take an address, and waits until `letGo`. */
export async function holdAddress (testbed: Testbed, host: string): Promise<void> {
  await sh(testbed, host, `
    file=$(readlink -f "$(command -v ip)")
    mkdir -p /run/held
    cp "$file" /run/held/ip
    touch /run/hold-address
    cat > /run/broken-ip <<'END'
#!/bin/sh
lines=$(cat)
case "$*$lines" in *"address replace"*)
  touch /run/ovsdb-ha/lib/taking-address
  while [ -e /run/hold-address ]; do sleep 0.02; done ;;
esac
printf '%s\\n' "$lines" | exec /run/held/ip "$@"
END
    chmod 755 /run/broken-ip
    mount --bind /run/broken-ip "$file"`)
}

export async function letGo (testbed: Testbed, host: string): Promise<void> {
  await sh(testbed, host, 'rm -f /run/hold-address /run/ovsdb-ha/lib/taking-address')
  await mendProgram(testbed, host, 'ip')
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
