// A customer calls in, with everything real but the browser (a robot desk with DTLS-SRTP): who hears whom at each step.

import t from 'tap';
import { hear, hearsMusic, numbers, startCentre } from '../support/whole-centre.ts';

const customerHz = 440;
const taroHz = 660;

const centre = await startCentre(t);
const { carrier } = centre;

t.test('a digit at the menu leads to an agent, and both hear each other', async (t) => {
  const taro = await centre.desk('taro', taroHz);
  await taro.setState('available');
  const customer = await carrier.callIn({ dialled: numbers.menu, toneHz: customerHz });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await customer.digits('1');
  await taro.rings();
  await taro.answer();
  await hear('both hear each other', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  await taro.command('hangup');
  await centre.atRest();
  t.equal(customer.endedBy, 'them');
});
