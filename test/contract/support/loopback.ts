/** An address of loopback that is this test process's own, so that two files may run at a time: `host` is its last number. */
export function loopbackAddress (host: number): string {
  return `127.${16 + (process.pid >> 8) % 200}.${process.pid % 256}.${host}`
}
