// The generated files are what the sources make.

process.argv.push('--check');
await import('./generate.ts');
