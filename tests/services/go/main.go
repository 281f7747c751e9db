// What iceberg-go finds in a table: the values of one column, one a line, with deletes applied.
// usage: icegoids COLUMN METADATA_LOCATION
package main

import (
	"context"
	"fmt"
	"os"

	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

func main() {
	if err := print(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "icegoids:", err)
		os.Exit(1)
	}
}

func print(ctx context.Context, column, location string) error {
	found, err := table.NewFromLocation(ctx, table.Identifier{"table"}, location, iceio.LoadFSFunc(nil, location), nil)
	if err != nil {
		return err
	}
	_, records, err := found.Scan(table.WithSelectedFields(column)).ToArrowRecords(ctx)
	if err != nil {
		return err
	}
	for record, err := range records {
		if err != nil {
			return err
		}
		for row := 0; row < int(record.NumRows()); row++ {
			fmt.Println(record.Column(0).ValueStr(row))
		}
		record.Release()
	}
	return nil
}
