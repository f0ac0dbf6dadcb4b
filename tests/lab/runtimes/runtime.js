// SPDX-License-Identifier: GPL-2.0-or-later
// node at work: a server and its clients, timers, files, programs, and worker threads that compute and share memory.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const assert = require('assert');
const { execFile } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');

const checksum = seed => {
	let h = seed >>> 0;
	for (let i = 0; i < 20000; i++)
		h = (Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) + i) >>> 0;
	return h;
};

if (!isMainThread) {
	const right = checksum(workerData.seed), shared = new Int32Array(workerData.memory);
	const work = () => {
		assert.strictEqual(checksum(workerData.seed), right);
		Atomics.add(shared, workerData.seed, 1);
		Atomics.wait(shared, 15, 0, 1);
		parentPort.postMessage(right);
		setImmediate(work);
	};
	work();
	return;
}

const counts = {};
let wrong = null;
const fail = what => { wrong = wrong || String(what); };
process.on('uncaughtException', e => fail(e.stack));

const sides = () => fs.readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
const say = (file, text) => {
	fs.writeFileSync(`${file}.new.${sides()}`, text);
	fs.renameSync(`${file}.new.${sides()}`, file);
};

const memory = new SharedArrayBuffer(64), shared = new Int32Array(memory);
for (let seed = 0; seed < 4; seed++) {
	const worker = new Worker(__filename, { workerData: { seed, memory } });
	counts['messages' + seed] = 0;
	worker.on('message', sum => {
		if (sum !== checksum(seed)) fail('another checksum');
		counts['messages' + seed]++;
	});
	worker.on('error', fail);
	worker.on('exit', () => fail('a worker has ended'));
}

counts.serve = counts.ask = 0;
const listener = net.createServer(socket => {
	listener.close();
	socket.on('data', data => { counts.serve++; socket.write(data); });
	socket.on('close', () => fail('the client is gone'));
}).listen('socket', () => {
	const client = net.connect('socket');
	let n = 0;
	client.on('data', data => {
		if (data.toString() !== `${n}\n`) fail('another answer');
		counts.ask++;
		client.write(`${++n}\n`);
	});
	client.on('close', () => fail('the server is gone'));
	client.write('0\n');
});

counts.timer = counts.files = counts.pool = counts.programs = counts.watch = 0;
setInterval(() => counts.timer++, 5);

// By the thread pool of libuv.
const pool = () => crypto.pbkdf2('lab', 'salt', 1000, 16, 'sha256', (e, key) => {
	if (e || key.toString('hex') !== crypto.pbkdf2Sync('lab', 'salt', 1000, 16, 'sha256').toString('hex')) fail(e || 'another key');
	counts.pool++;
	pool();
});
pool();

fs.writeFileSync('data', Buffer.from(Array.from({ length: 4096 }, (_, i) => i & 255)));
(async () => {
	const file = await fs.promises.open('data');
	const b = Buffer.alloc(64);
	for (let at = 0;;) {
		const { bytesRead } = await file.read(b, 0, 64, at);
		for (let i = 0; i < bytesRead; i++)
			assert.strictEqual(b[i], (at + i) & 255);
		at = bytesRead ? at + bytesRead : 0;
		counts.files++;
	}
})().catch(fail);

const programs = () => execFile('echo', ['lab'], (e, out) => {
	if (e || out !== 'lab\n') fail(e || 'another word');
	counts.programs++;
	setTimeout(programs, 100);
});
programs();

// Each side sees changes of files, whoever makes them.
fs.writeFileSync('watched', '');
fs.watch('watched', () => counts.watch++);
setInterval(() => fs.appendFileSync('watched', '.'), 50);

const now = () => ({ ...counts, ...Object.fromEntries([0, 1, 2, 3].map(i => ['compute' + i, Atomics.load(shared, i)])) });
const progress = (before, then) => {
	const after = now();
	if (wrong) then(wrong);
	else if (Object.keys(before).every(name => after[name] > before[name])) then('ok');
	else setTimeout(progress, 10, before, then);
};
const zero = Object.fromEntries(Object.keys(now()).map(name => [name, 0]));
let asked = '';
progress(zero, text => {
	say('ready', text);
	setInterval(() => {
		const question = fs.existsSync('asked') ? fs.readFileSync('asked', 'utf8').trim() : '';
		if (question === asked) return;
		asked = question;
		progress(now(), text => say(`answer.${question}.${sides()}`, text));
	}, 20);
});
