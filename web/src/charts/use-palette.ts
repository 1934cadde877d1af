import { useMemo } from 'react';
import { useTheme } from '../app-context.tsx';
import { type Palette, readPalette } from './palette.ts';

/** The palette of the theme in force; a new one when the theme changes. */
export function usePalette(): Palette {
  const theme = useTheme();
  return useMemo(() => {
    // The document's own mark follows an effect later: read under the theme that is coming.
    const root = document.documentElement;
    const before = root.dataset.theme;
    root.dataset.theme = theme;
    const palette = readPalette();
    if (before === undefined) delete root.dataset.theme;
    else root.dataset.theme = before;
    return palette;
  }, [theme]);
}
