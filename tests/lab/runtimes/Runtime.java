// SPDX-License-Identifier: GPL-2.0-or-later
// Java at work: threads that compute, allocate, pass numbers on, talk over a socket, sleep and read.
import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.zip.CRC32;

public class Runtime {
	static final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
	static volatile String wrong;

	interface Work { void run(AtomicLong count) throws Exception; }

	static void worker(String name, Work work) {
		AtomicLong count = new AtomicLong();
		counts.put(name, count);
		Thread t = new Thread(() -> {
			try {
				work.run(count);
				wrong = name + " has ended";
			} catch (Throwable e) {
				wrong = name + ": " + e;
			}
		}, name);
		t.setDaemon(true);
		t.start();
	}

	static void check(boolean true_, String what) {
		if (!true_)
			throw new IllegalStateException(what);
	}

	static long checksum(int seed) {
		CRC32 crc = new CRC32();
		byte[] data = new byte[4096];
		new Random(seed).nextBytes(data);
		crc.update(data);
		return crc.getValue();
	}

	static void compute(int i) {
		long right = checksum(i);
		worker("compute" + i, count -> {
			for (;;) {
				check(checksum(i) == right, "another checksum");
				count.incrementAndGet();
			}
		});
	}

	// Garbage, much of it: the collector moves what lives and stops all threads for it.
	static void allocate(int i) {
		worker("allocate" + i, count -> {
			LinkedHashMap<Integer, byte[]> live = new LinkedHashMap<>();
			for (int n = 0;; n++) {
				byte[] b = new byte[2000];
				b[n % 2000] = (byte) n;
				live.put(n, b);
				if (n >= 500) {
					int old = n - 500;
					check(live.remove(old)[old % 2000] == (byte) old, "memory has changed");
				}
				count.incrementAndGet();
			}
		});
	}

	static void queue() {
		BlockingQueue<Long> queue = new ArrayBlockingQueue<>(10);
		worker("put", count -> {
			for (long n = 0;; n++) {
				queue.put(n);
				count.incrementAndGet();
			}
		});
		worker("take", count -> {
			for (long n = 0;; n++) {
				check(queue.take() == n, "the queue lost or repeated something");
				count.incrementAndGet();
			}
		});
	}

	static void socket(String path) throws IOException {
		ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
		listener.bind(UnixDomainSocketAddress.of(path));
		SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
		SocketChannel server = listener.accept();
		listener.close();
		Selector selector = Selector.open();
		server.configureBlocking(false);
		server.register(selector, SelectionKey.OP_READ);
		worker("serve", count -> {
			ByteBuffer b = ByteBuffer.allocate(8);
			for (;;) {
				selector.select();
				selector.selectedKeys().clear();
				check(server.read(b) >= 0, "the client is gone");
				if (b.hasRemaining())
					continue;
				b.flip();
				while (b.hasRemaining())
					server.write(b);
				b.clear();
				count.incrementAndGet();
			}
		});
		worker("ask", count -> {
			for (long n = 0;; n++) {
				ByteBuffer b = ByteBuffer.allocate(8).putLong(n).flip();
				client.write(b);
				b.clear();
				while (b.hasRemaining())
					check(client.read(b) > 0, "the server is gone");
				check(b.flip().getLong() == n, "another answer");
				count.incrementAndGet();
			}
		});
	}

	static void read(String path) throws IOException {
		RandomAccessFile file = new RandomAccessFile(path, "rw");
		for (int i = 0; i < 4096; i++)
			file.writeInt(i);
		worker("read", count -> {
			for (int i = 0;; i++) {
				if (i % 4096 == 0)
					file.seek(0);
				check(file.readInt() == i % 4096, "the position has moved");
				count.incrementAndGet();
			}
		});
	}

	static void timer() {
		AtomicLong count = new AtomicLong();
		counts.put("timer", count);
		Executors.newScheduledThreadPool(2).scheduleAtFixedRate(count::incrementAndGet, 5, 5, TimeUnit.MILLISECONDS);
	}

	// A null is found by a fault, as long as it comes seldom; what was compiled for that is thrown away and made anew.
	static void faults() {
		worker("fault", count -> {
			String[] some = { "a", null };
			for (int n = 0;; n++) {
				try {
					check(some[n % 100 == 0 ? 1 : 0].length() == 1 && n % 100 != 0, "a null was none");
				} catch (NullPointerException e) {
					check(n % 100 == 0, "no null was one");
				}
				count.incrementAndGet();
			}
		});
	}

	static String side() throws IOException {
		return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString().replaceAll("\\D", "");
	}

	static void say(String file, String text) throws IOException {
		Files.writeString(Path.of(file + ".new." + side()), text);
		Files.move(Path.of(file + ".new." + side()), Path.of(file), StandardCopyOption.ATOMIC_MOVE);
	}

	static String progress(Map<String, Long> before) throws InterruptedException {
		for (;;) {
			if (wrong != null)
				return wrong;
			boolean all = true;
			for (var e : counts.entrySet())
				all &= e.getValue().get() > before.get(e.getKey());
			if (all)
				return "ok";
			Thread.sleep(10);
		}
	}

	public static void main(String[] args) throws Exception {
		for (int i = 0; i < 4; i++)
			compute(i);
		for (int i = 0; i < 2; i++)
			allocate(i);
		queue();
		socket("socket");
		read("data");
		timer();
		faults();
		String asked = "";
		Map<String, Long> zero = new HashMap<>();
		for (String name : counts.keySet())
			zero.put(name, 0L);
		say("ready", progress(zero));
		for (;;) {
			Thread.sleep(20);
			String now = Files.exists(Path.of("asked")) ? Files.readString(Path.of("asked")).trim() : "";
			if (now.equals(asked))
				continue;
			asked = now;
			Map<String, Long> before = new HashMap<>();
			counts.forEach((name, count) -> before.put(name, count.get()));
			say("answer." + now + "." + side(), progress(before));
		}
	}
}
