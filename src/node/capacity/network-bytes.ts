/** Bytes that went through a machine's own network interfaces since it started, as Linux and macOS tell. Pure parsers. */

/** Those that machines make up for themselves: what goes through them is counted elsewhere, or never leaves. */
const madeUp = /^(lo|docker|veth|br-|virbr|tun|tap|utun|bridge|gif|stf|awdl|llw|anpi|ap\d)/;

/** `/proc/net/dev` (proc_pid_net(5)): received bytes are the first figure, sent ones the ninth. */
export function parseProcNetDev(text: string): number {
  return text.split('\n').reduce((sum, line) => {
    const [, name = '', rest = ''] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === '' || madeUp.test(name)) return sum;
    const figures = rest.trim().split(/\s+/).map(Number);
    return sum + (figures[0] || 0) + (figures[8] || 0);
  }, 0);
}

/** `netstat -ibn` of macOS: an interface has a line for its hardware, called `<Link#…>`, and more for its addresses. */
export function parseNetstat(text: string): number {
  const [head = '', ...lines] = text.split('\n');
  const columns = head.trim().split(/\s+/);
  // A line without a hardware address is one column short: the figures are counted from the end.
  const [received, sent] = [columns.indexOf('Ibytes') - columns.length, columns.indexOf('Obytes') - columns.length];
  if (columns.indexOf('Ibytes') < 0 || columns.indexOf('Obytes') < 0) return 0;
  return lines.reduce((sum, line) => {
    const fields = line.trim().split(/\s+/);
    if (!/^<Link#\d+>$/.test(fields[2] ?? '') || madeUp.test(fields[0] ?? '')) return sum;
    return sum + (Number(fields.at(received)) || 0) + (Number(fields.at(sent)) || 0);
  }, 0);
}
