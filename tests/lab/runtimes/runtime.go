// SPDX-License-Identifier: GPL-2.0-or-later
// Go at work: goroutines on many threads that compute, allocate, pass numbers on, talk over a socket, sleep and read.
package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	names  []string
	counts []*atomic.Int64
	mutex  sync.Mutex
	wrong  string
)

func fail(format string, args ...any) {
	mutex.Lock()
	defer mutex.Unlock()
	if wrong == "" {
		wrong = fmt.Sprintf(format, args...)
	}
}

func check(ok bool, what string) {
	if !ok {
		panic(what)
	}
}

func worker(name string, work func(count *atomic.Int64)) {
	count := new(atomic.Int64)
	names = append(names, name)
	counts = append(counts, count)
	go func() {
		defer func() { fail("%s has ended: %v", name, recover()) }()
		work(count)
	}()
}

func checksum(seed int64) uint32 {
	data := make([]byte, 4096)
	rand.New(rand.NewSource(seed)).Read(data)
	return crc32.ChecksumIEEE(data)
}

func compute(i int64) {
	right := checksum(i)
	worker(fmt.Sprintf("compute%d", i), func(count *atomic.Int64) {
		for {
			check(checksum(i) == right, "another checksum")
			count.Add(1)
		}
	})
}

// Garbage, much of it, for the collector.
func allocate(i int) {
	worker(fmt.Sprintf("allocate%d", i), func(count *atomic.Int64) {
		live := map[int][]byte{}
		for n := 0; ; n++ {
			b := make([]byte, 2000)
			b[n%2000] = byte(n)
			live[n] = b
			if old := n - 500; old >= 0 {
				check(live[old][old%2000] == byte(old), "memory has changed")
				delete(live, old)
			}
			count.Add(1)
		}
	})
}

func queue() {
	numbers := make(chan int64, 10)
	worker("put", func(count *atomic.Int64) {
		for n := int64(0); ; n++ {
			numbers <- n
			count.Add(1)
		}
	})
	worker("take", func(count *atomic.Int64) {
		for n := int64(0); ; n++ {
			check(<-numbers == n, "the queue lost or repeated something")
			count.Add(1)
		}
	})
}

// One that never calls anything: only a signal takes it off its thread.
func spin() {
	worker("spin", func(count *atomic.Int64) {
		for n := uint64(1); ; n = n*6364136223846793005 + 1442695040888963407 {
			if n>>54 == 0 {
				count.Add(1)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func socket(path string) {
	listener := must(net.Listen("unix", path))
	client := must(net.Dial("unix", path))
	server := must(listener.Accept())
	listener.Close()
	worker("serve", func(count *atomic.Int64) {
		b := make([]byte, 8)
		for {
			must(io.ReadFull(server, b))
			must(server.Write(b))
			count.Add(1)
		}
	})
	worker("ask", func(count *atomic.Int64) {
		b := make([]byte, 8)
		for n := uint64(0); ; n++ {
			binary.LittleEndian.PutUint64(b, n)
			must(client.Write(b))
			must(io.ReadFull(client, b))
			check(binary.LittleEndian.Uint64(b) == n, "another answer")
			count.Add(1)
		}
	})
}

func read(path string) {
	file := must(os.Create(path))
	for i := uint32(0); i < 4096; i++ {
		binary.Write(file, binary.LittleEndian, i)
	}
	worker("read", func(count *atomic.Int64) {
		b := make([]byte, 4)
		for i := uint32(0); ; i++ {
			if i%4096 == 0 {
				must(file.Seek(0, io.SeekStart))
			}
			must(io.ReadFull(file, b))
			check(binary.LittleEndian.Uint32(b) == i%4096, "the position has moved")
			count.Add(1)
		}
	})
}

func timer() {
	worker("timer", func(count *atomic.Int64) {
		for range time.Tick(5 * time.Millisecond) {
			count.Add(1)
		}
	})
}

// Blocked in the kernel, each on a thread of its own.
func block() {
	var ends [2]int
	check(syscall.Pipe(ends[:]) == nil, "no pipe")
	worker("write", func(count *atomic.Int64) {
		for {
			must(syscall.Write(ends[1], []byte("x")))
			count.Add(1)
			time.Sleep(time.Millisecond)
		}
	})
	worker("block", func(count *atomic.Int64) {
		runtime.LockOSThread()
		b := make([]byte, 1)
		for {
			n, err := syscall.Read(ends[0], b)
			check(n == 1 && err == nil, fmt.Sprint("the pipe says ", err))
			count.Add(1)
		}
	})
}

func programs() {
	worker("programs", func(count *atomic.Int64) {
		for {
			out := must(exec.Command("echo", "lab").Output())
			check(string(out) == "lab\n", "another word")
			count.Add(1)
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func side() string {
	return regexp.MustCompile(`\D`).ReplaceAllString(must(os.Readlink("/proc/self/ns/pid")), "")
}

func say(file, text string) {
	temporary := file + ".new." + side()
	check(os.WriteFile(temporary, []byte(text), 0o644) == nil, "cannot write")
	check(os.Rename(temporary, file) == nil, "cannot rename")
}

func progress(before []int64) string {
	for ; ; time.Sleep(10 * time.Millisecond) {
		mutex.Lock()
		said := wrong
		mutex.Unlock()
		if said != "" {
			return said
		}
		all := true
		for i := range counts {
			all = all && counts[i].Load() > before[i]
		}
		if all {
			return "ok"
		}
	}
}

func main() {
	runtime.GOMAXPROCS(8)
	for i := int64(0); i < 4; i++ {
		compute(i)
	}
	for i := 0; i < 2; i++ {
		allocate(i)
	}
	queue()
	spin()
	socket("socket")
	read("data")
	timer()
	block()
	programs()
	say("ready", progress(make([]int64, len(counts))))
	asked := ""
	for ; ; time.Sleep(20 * time.Millisecond) {
		text, _ := os.ReadFile("asked")
		now := strings.TrimSpace(string(text))
		if now == asked {
			continue
		}
		asked = now
		before := make([]int64, len(counts))
		for i := range counts {
			before[i] = counts[i].Load()
		}
		say("answer."+now+"."+side(), progress(before))
	}
}
