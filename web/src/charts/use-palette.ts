import { useMemo } from 'react';
import { useTheme } from '../app-context.tsx';
import { type Palette, readPalette } from './palette.ts';

/** The palette of the active theme; updated when the theme changes. */
export function usePalette(): Palette {
  const theme = useTheme();
  return useMemo(() => {
    // The document's theme attribute is set by a later effect, so resolve the colours under the new theme here.
    const root = document.documentElement;
    const before = root.dataset.theme;
    root.dataset.theme = theme;
    const palette = readPalette();
    if (before === undefined) delete root.dataset.theme;
    else root.dataset.theme = before;
    return palette;
  }, [theme]);
}
