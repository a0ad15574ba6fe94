// Merges the dumps of several minors into one table: each line an object and the minors that have exactly it.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"sort"
	"strconv"
	"strings"
)

// merge reads files named MINOR=PATH and writes the table.
func merge(files []string) {
	minors := map[string][]int{}
	var order []string
	for _, file := range files {
		minor, path, found := strings.Cut(file, "=")
		number, err := strconv.Atoi(minor)
		if !found || err != nil {
			log.Fatalf("want MINOR=PATH, got %q", file)
		}
		input, err := os.Open(path)
		if err != nil {
			log.Fatal(err)
		}
		lines := bufio.NewScanner(input)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if _, known := minors[lines.Text()]; !known {
				order = append(order, lines.Text())
			}
			minors[lines.Text()] = append(minors[lines.Text()], number)
		}
		if err := lines.Err(); err != nil {
			log.Fatal(err)
		}
		if err := input.Close(); err != nil {
			log.Fatal(err)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return key(order[i]) < key(order[j]) })
	for _, line := range order {
		held, err := json.Marshal(minors[line])
		if err != nil {
			log.Fatal(err)
		}
		if _, err := os.Stdout.WriteString(`{"minors":` + string(held) + "," + line[1:] + "\n"); err != nil {
			log.Fatal(err)
		}
	}
}

func key(line string) string {
	var item object
	if err := json.Unmarshal([]byte(line), &item); err != nil {
		log.Fatal(err)
	}
	return item.Kind + "\x00" + item.Namespace + "\x00" + item.Name
}
