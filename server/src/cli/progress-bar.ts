const WIDTH = 30;
const LINE_EVERY_MS = 10_000;

/** Shows the progress of a long command on stderr: a bar on a terminal, otherwise a line every ten seconds. */
export class ProgressBar {
  readonly #title: string;
  readonly #isTerminal = process.stderr.isTTY;
  #drawn = false;
  #nextLineAt = Date.now() + LINE_EVERY_MS;

  constructor(title: string) {
    this.#title = title;
  }

  /** @param share the completed share, 0 to 1; null while unknown */
  show(share: number | null, note = ''): void {
    const percent = share === null ? '' : `${Math.round(share * 100)} %`;
    if (this.#isTerminal) {
      const filled = Math.round((share ?? 0) * WIDTH);
      process.stderr.write(
        `\r\u001b[K${this.#title} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${percent} ${note}`,
      );
      this.#drawn = true;
    } else if (Date.now() >= this.#nextLineAt) {
      this.#nextLineAt = Date.now() + LINE_EVERY_MS;
      process.stderr.write(`${[this.#title, percent, note].filter((part) => part !== '').join(' ')}\n`);
    }
  }

  end(): void {
    if (this.#drawn) process.stderr.write('\n');
  }
}
