// Builds the pages into dist/web. No inline code, so that the server's content security policy can forbid it.

import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** react-aria brings its own texts in some thirty languages; the pages speak two. */
function onlyOurLanguages(): Plugin {
  const other = /\/(?!ja-JP|en-US)[a-z]{2}-[A-Z]{2}\.m?js$/;
  return {
    name: 'only-our-languages',
    enforce: 'pre',
    load: (id) => (id.includes('/intl/') && other.test(id.split('?')[0] ?? '') ? 'export default {};' : null),
  };
}

export default defineConfig({
  plugins: [react(), onlyOurLanguages()],
  root: import.meta.dirname,
  // Other packages of the workspace bring a React of their own, which react-aria would find first.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/sip': { target: 'ws://127.0.0.1:8080', ws: true } } },
});
