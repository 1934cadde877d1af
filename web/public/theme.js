// Before the first paint, so that a chosen theme never flashes the other one. Same key as src/data/preferences.ts.
try {
  const theme = JSON.parse(localStorage.getItem('wattkeeper.preferences') || '{}').theme;
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked or holds something else: the system's theme it is.
}
