/** Loaded into a measured process before its program: notes what it has used, and leaves that in a file when it ends. */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';

const { connect } = Socket.prototype;
let atFirstRequest;
Socket.prototype.connect = function (...args) {
  atFirstRequest = process.cpuUsage();
  Socket.prototype.connect = connect;
  return connect.apply(this, args);
};

process.on('exit', () => {
  const milliseconds = ({ user, system }) => (user + system) / 1000;
  const used = {
    cpuToFirstRequestMs: milliseconds(atFirstRequest ?? process.cpuUsage()),
    cpuMs: milliseconds(process.cpuUsage()),
    residentBytes: process.memoryUsage.rss(),
  };
  writeFileSync(process.env.MEASURED_FILE, JSON.stringify(used));
});
