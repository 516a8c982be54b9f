/** The server's certificates, read again when they are renewed. */
import { readFileSync, statSync } from 'node:fs';
import type { Server, ServerOptions as TlsServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Log } from '../telemetry/telemetry.ts';

export interface TlsSource {
  /** PEM files. */
  readonly certPath: string;
  readonly keyPath: string;
  readonly caPath?: string;
  /** Ask every caller for a certificate; whether it is needed is decided for each route. */
  readonly requestCert: boolean;
}

/** How often the files are looked at. */
const lookMs = 30_000;

export class Certificates {
  readonly #source: TlsSource;
  readonly #clock: Clock;
  readonly #log: Log;
  #server: Server | null = null;
  #seen: string;
  #cancel: CancelTimer = () => {};

  constructor(source: TlsSource, clock: Clock, log: Log) {
    this.#source = source;
    this.#clock = clock;
    this.#log = log;
    this.#seen = this.#mark();
  }

  /** Throws an Error for people when the files cannot be used. */
  options(): TlsServerOptions {
    const files = this.#read();
    try {
      createSecureContext(files);
    } catch (cause) {
      const { certPath, keyPath } = this.#source;
      throw new Error(`The certificate ${certPath} cannot be used with the key ${keyPath}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    return { ...files, minVersion: 'TLSv1.2', requestCert: this.#source.requestCert, rejectUnauthorized: false };
  }

  watch(server: Server): Server {
    this.#server = server;
    this.#plan();
    return server;
  }

  /** New connections get what the files hold now; files that do not fit together leave everything as it is, and the log says so. */
  reload(): void {
    try {
      this.#seen = this.#mark();
      this.#server?.setSecureContext({ ...this.#read(), minVersion: 'TLSv1.2' });
      this.#log.info({ certPath: this.#source.certPath }, 'certificates are read again');
    } catch (err) {
      this.#log.warn({ err, certPath: this.#source.certPath }, 'the renewed certificates cannot be used; those from before still hold');
    }
  }

  stop(): void {
    this.#cancel();
  }

  #plan(): void {
    this.#cancel = this.#clock.after(lookMs, () => {
      if (this.#changed()) this.reload();
      this.#plan();
    });
  }

  #changed(): boolean {
    try {
      return this.#mark() !== this.#seen;
    } catch {
      // In the middle of being replaced.
      return false;
    }
  }

  #mark(): string {
    const { certPath, keyPath, caPath } = this.#source;
    return [certPath, keyPath, ...(caPath === undefined ? [] : [caPath])].map((path) => `${statSync(path).mtimeMs} ${statSync(path).ino}`).join(' ');
  }

  #read(): { cert: Buffer; key: Buffer; ca?: Buffer } {
    const { certPath, keyPath, caPath } = this.#source;
    return { cert: readFileSync(certPath), key: readFileSync(keyPath), ...(caPath === undefined ? {} : { ca: readFileSync(caPath) }) };
  }
}
