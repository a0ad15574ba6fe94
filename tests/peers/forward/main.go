// Forward carries connections to ADDRESS: those of the listening socket it inherits as its input, and those of each
// further address it is told to listen at. A socket belongs to the network namespace it was made in, so the inherited
// one is reached from outside the namespace that ADDRESS is dialled in.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: forward ADDRESS [LISTEN ...] < LISTENING-SOCKET"))
	}
	target := os.Args[1]
	outside, err := net.FileListener(os.Stdin)
	if err != nil {
		fail(err)
	}
	for _, address := range os.Args[2:] {
		inside, err := net.Listen("tcp", address)
		if err != nil {
			fail(err)
		}
		go serve(inside, target)
	}
	serve(outside, target)
}

func serve(listener net.Listener, target string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		go carry(client.(*net.TCPConn), target)
	}
}

func carry(client *net.TCPConn, target string) {
	defer client.Close()
	dialled, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	server := dialled.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{})
	go func() {
		io.Copy(server, client)
		server.CloseWrite()
		close(done)
	}()
	io.Copy(client, server)
	client.CloseWrite()
	<-done
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
