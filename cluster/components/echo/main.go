// Command echo is a small service to test a cluster with.
//
//	GET /              answers with $NAME
//	GET /starts        answers how often it has been started on the volume in $VOLUME
//	GET /via?url=URL   answers with what URL answers to it
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const patience = 5 * time.Second

func main() {
	starts, err := countStart(os.Getenv("VOLUME"))
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getenv("NAME")) })
	http.HandleFunc("/starts", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, starts) })
	http.HandleFunc("/via", via)

	end, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{Addr: ":8080"}
	go func() {
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	<-end.Done()
	bounded, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server.SetKeepAlivesEnabled(false)
	if err := server.Shutdown(bounded); err != nil {
		log.Fatal(err)
	}
}

// countStart adds one byte to a file in the folder, and returns how many there are.
func countStart(folder string) (int64, error) {
	if folder == "" {
		return 0, nil
	}
	file, err := os.OpenFile(filepath.Join(folder, "starts"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.WriteString("."); err != nil {
		return 0, err
	}
	return file.Seek(0, io.SeekCurrent)
}

// via fetches a URL from inside the pod: names are resolved and services reached as pods do.
func via(w http.ResponseWriter, r *http.Request) {
	client := http.Client{Timeout: patience}
	answer, err := client.Get(r.URL.Query().Get("url"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
}
