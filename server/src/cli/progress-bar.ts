const WIDTH = 30;

/** Shows how far a long command is on stderr: a bar that grows in place on a terminal, and nothing elsewhere until `end`. */
export class ProgressBar {
  readonly #title: string;
  readonly #shown = process.stderr.isTTY;
  #drawn = false;

  constructor(title: string) {
    this.#title = title;
  }

  /** @param share 0 to 1, null while unknown */
  show(share: number | null, note = ''): void {
    if (!this.#shown) return;
    const filled = Math.round((share ?? 0) * WIDTH);
    const percent = share === null ? '' : `${Math.round(share * 100)} %`;
    process.stderr.write(
      `\r\u001b[K${this.#title} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${percent} ${note}`,
    );
    this.#drawn = true;
  }

  end(): void {
    if (this.#drawn) process.stderr.write('\n');
  }
}
