import type { Palette } from '../../charts/palette.ts';

interface PictureParts {
  readonly title: string;
  readonly legend: readonly { readonly colour: string; readonly label: string }[];
  readonly palette: Palette;
}

const MARGIN_PX = 24;
const TITLE_PX = 34;
const LEGEND_LINE_PX = 22;
const FONT = "'Inter Variable', system-ui, sans-serif";

/** Saves the charts in `container` as one PNG with title and legend, at the resolution of the screen. */
export function chartsPng(container: HTMLElement, { title, legend, palette }: PictureParts): void {
  const canvases = [...container.querySelectorAll('canvas')];
  const first = canvases[0];
  if (!first) return;
  const scale = devicePixelRatio;
  const head = TITLE_PX + legend.length * LEGEND_LINE_PX + MARGIN_PX / 2;
  const picture = document.createElement('canvas');
  picture.width = first.width + 2 * MARGIN_PX * scale;
  picture.height = canvases.reduce((sum, canvas) => sum + canvas.height, 0) + (head + 2 * MARGIN_PX) * scale;
  const ctx = picture.getContext('2d')!;
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.textBaseline = 'middle';
  let y = MARGIN_PX + TITLE_PX / 2;
  write(title, 600, 15, MARGIN_PX);
  y += TITLE_PX;
  for (const { colour, label } of legend) {
    ctx.fillStyle = colour;
    ctx.fillRect(MARGIN_PX * scale, (y - 1.5) * scale, 14 * scale, 3 * scale);
    write(label, 400, 13, MARGIN_PX + 22);
    y += LEGEND_LINE_PX;
  }
  let top = (MARGIN_PX + head) * scale;
  for (const canvas of canvases) {
    ctx.drawImage(canvas, MARGIN_PX * scale, top);
    top += canvas.height;
  }
  const link = document.createElement('a');
  link.download = 'wattkeeper.png';
  link.href = picture.toDataURL('image/png');
  link.click();

  function write(text: string, weight: number, size: number, x: number): void {
    ctx.font = `${weight} ${size * scale}px ${FONT}`;
    ctx.fillStyle = palette.ink;
    ctx.fillText(text, x * scale, y * scale);
  }
}
