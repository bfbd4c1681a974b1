// Ticks; see ticks.ts.

setInterval(() => postMessage(0), 5000);
