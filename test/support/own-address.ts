// The address that simulated parties bind to and offer: loopback, or the one of the network namespace that the lab put them into.

export const ownAddress = process.env['ENGAWA_PARTY_ADDRESS'] ?? '127.0.0.1';
