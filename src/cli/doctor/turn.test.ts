import t from 'tap';
import { unheardOverTcp } from './turn.ts';

t.test(
  'a relay that browsers reach over TCP is of no use to the embedded media engine, and that is said',
  async (t) => {
    const urls = [
      'turn:a.example',
      'turn:a.example?transport=udp',
      'turn:a.example?transport=tcp',
      'turns:a.example:443',
    ];
    const [found, ...more] = unheardOverTcp('embedded', urls);
    t.match(found, { level: 'warning', sentence: /turn:a\.example\?transport=tcp and turns:a\.example:443 / });
    t.strictSame(more, []);
    t.strictSame(unheardOverTcp('freeswitch', urls), []);
    t.strictSame(unheardOverTcp('embedded', urls.slice(0, 2)), [], 'over UDP it works');
  },
);
