// The fault table in front of providers of every other dialect as well.
process.env['SIGNALBOX_FAULTS'] = 'all';
await import('../e2e/faults.test.ts');
