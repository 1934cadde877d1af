import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressAssets } from './compress-assets.ts';
import { endpointsWithoutSchemas } from './endpoints-without-schemas.ts';

/** Where `npm run dev` finds the API. */
const DEV_SERVER = 'http://127.0.0.1:8001';

// biome-ignore lint/style/noDefaultExport: Vite reads its configuration from the default export
export default defineConfig({
  // Relative, because the server hands the app out under any prefix and says so in <base href>.
  base: './',
  plugins: [react(), endpointsWithoutSchemas(), compressAssets()],
  build: { target: ['chrome123', 'firefox120', 'safari17.5'], chunkSizeWarningLimit: 700 },
  server: {
    open: '/ui/',
    proxy: { '/api': { target: DEV_SERVER, ws: true }, '/health': DEV_SERVER },
  },
});
