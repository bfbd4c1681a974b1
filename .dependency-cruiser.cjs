// Who may import whom (ARCHITECTURE.md, "Rooms"). Imports go down only; rooms on one line do not import each other.
const levels = [
  ['shared'],
  ['protocol', 'store'],
  ['privacy'],
  ['sbc', 'media'],
  ['routing', 'recording', 'identity'],
  ['call'],
  ['api'],
];
const room = (name) => `^src/${name}/`;
const rules = [];
levels.forEach((names, level) => {
  const above = levels.slice(level + 1).flat();
  for (const name of names) {
    const beside = names.filter((other) => other !== name);
    rules.push({
      name: `${name}-imports-down-only`,
      severity: 'error',
      from: { path: room(name) },
      to: { path: [...above.map(room), ...beside.map(room), '^src/(cli|app|main|config|secrets|demo)'] },
    });
  }
});
rules.push(
  {
    name: 'makers-stay-behind-their-interface',
    comment: 'Only app.ts, the commands and the makers themselves see a maker.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/(app|cli|demo)', '^src/sbc/', '^src/media/', '^src/store/', '\\.test\\.ts$'] },
    to: { path: ['^src/sbc/embedded/', '^src/media/(embedded|freeswitch)/', '^src/store/(postgres|embedded|redis|live)/'] },
  },
  {
    name: 'protocol-is-pure',
    severity: 'error',
    from: { path: '^src/protocol/', pathNot: '\\.test\\.ts$' },
    to: { path: '^(node:)?(net|dgram|tls|http|https|fs|timers|child_process|worker_threads)$', dependencyTypes: ['core'] },
  },
  { name: 'no-circles', severity: 'error', from: { path: '^src/' }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
);
module.exports = {
  forbidden: rules,
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    exclude: { path: ['\\.test\\.ts$'] },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
