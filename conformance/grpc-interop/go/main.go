// Command grpc-interop runs gRPC's interoperability cases, as grpc-go has them, against the server that -address
// names, and a few more: compressed requests, details of errors, many calls at once. A case that fails ends it.
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type testCase struct {
	name string
	run  func(context.Context, testgrpc.TestServiceClient, *grpc.ClientConn)
}

// plain is a case that needs nothing but the service's client.
func plain(run func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) func(context.Context, testgrpc.TestServiceClient, *grpc.ClientConn) {
	return func(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) { run(ctx, client) }
}

// compressed is the same with gzip in both directions.
func compressed(run func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) func(context.Context, testgrpc.TestServiceClient, *grpc.ClientConn) {
	return func(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) {
		run(ctx, client, grpc.UseCompressor(gzip.Name))
	}
}

var cases = []testCase{
	{"empty_unary", plain(interop.DoEmptyUnaryCall)},
	{"large_unary", plain(interop.DoLargeUnaryCall)},
	{"client_streaming", plain(interop.DoClientStreaming)},
	{"server_streaming", plain(interop.DoServerStreaming)},
	{"ping_pong", plain(interop.DoPingPong)},
	{"empty_stream", plain(interop.DoEmptyStream)},
	{"timeout_on_sleeping_server", plain(interop.DoTimeoutOnSleepingServer)},
	{"cancel_after_begin", plain(interop.DoCancelAfterBegin)},
	{"cancel_after_first_response", plain(interop.DoCancelAfterFirstResponse)},
	{"status_code_and_message", plain(interop.DoStatusCodeAndMessage)},
	{"special_status_message", plain(interop.DoSpecialStatusMessage)},
	{"custom_metadata", plain(interop.DoCustomMetadata)},
	{"unimplemented_method", func(ctx context.Context, _ testgrpc.TestServiceClient, conn *grpc.ClientConn) {
		interop.DoUnimplementedMethod(ctx, conn)
	}},
	{"unimplemented_service", func(ctx context.Context, _ testgrpc.TestServiceClient, conn *grpc.ClientConn) {
		interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(conn))
	}},
	{"large_unary, gzip", compressed(interop.DoLargeUnaryCall)},
	{"client_streaming, gzip", compressed(interop.DoClientStreaming)},
	{"ping_pong, gzip", compressed(interop.DoPingPong)},
	{"client_compressed_unary", clientCompressedUnary},
	{"server_compressed_unary", serverCompressedUnary},
	{"server_compressed_streaming", serverCompressedStreaming},
	{"status details", statusDetails},
	{"a thousand calls at once", manyCalls},
	{"a stream of megabytes in both directions", largeStream},
}

func clientCompressedUnary(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) {
	request := &testgrpc.SimpleRequest{
		ExpectCompressed: &testgrpc.BoolValue{Value: true},
		ResponseSize:     314159,
		Payload:          interop.ClientNewPayload(testgrpc.PayloadType_COMPRESSABLE, 271828),
	}
	if _, err := client.UnaryCall(ctx, request); status.Code(err) != codes.InvalidArgument {
		log.Fatalf("the probe was answered %v", err)
	}
	response, err := client.UnaryCall(ctx, request, grpc.UseCompressor(gzip.Name))
	if err != nil || len(response.GetPayload().GetBody()) != 314159 {
		log.Fatalf("%d bytes, %v", len(response.GetPayload().GetBody()), err)
	}
}

func serverCompressedUnary(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) {
	for _, isCompressed := range []bool{true, false} {
		response, err := client.UnaryCall(ctx, &testgrpc.SimpleRequest{
			ResponseCompressed: &testgrpc.BoolValue{Value: isCompressed},
			ResponseSize:       314159,
		})
		if err != nil || len(response.GetPayload().GetBody()) != 314159 {
			log.Fatalf("%d bytes, %v", len(response.GetPayload().GetBody()), err)
		}
	}
}

func serverCompressedStreaming(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) {
	stream, err := client.StreamingOutputCall(ctx, &testgrpc.StreamingOutputCallRequest{
		ResponseParameters: []*testgrpc.ResponseParameters{
			{Compressed: &testgrpc.BoolValue{Value: true}, Size: 31415},
			{Compressed: &testgrpc.BoolValue{Value: false}, Size: 92653},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, size := range []int{31415, 92653} {
		response, err := stream.Recv()
		if err != nil || len(response.GetPayload().GetBody()) != size {
			log.Fatalf("%d bytes, %v", len(response.GetPayload().GetBody()), err)
		}
	}
}

func statusDetails(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) {
	ctx = metadata.AppendToOutgoingContext(ctx, "x-test-details", "1")
	_, err := client.UnaryCall(ctx, &testgrpc.SimpleRequest{
		ResponseStatus: &testgrpc.EchoStatus{Code: int32(codes.Aborted), Message: "with details"},
	})
	details := status.Convert(err).Details()
	if len(details) != 1 {
		log.Fatalf("%v has details %v", err, details)
	}
	if echo, ok := details[0].(*testgrpc.EchoStatus); !ok || echo.Code != int32(codes.Aborted) {
		log.Fatalf("the detail is %v", details[0])
	}
}

func manyCalls(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) {
	var calls sync.WaitGroup
	for size := range int32(1000) {
		calls.Go(func() {
			response, err := client.UnaryCall(ctx, &testgrpc.SimpleRequest{ResponseSize: size})
			if err != nil || len(response.GetPayload().GetBody()) != int(size) {
				log.Fatalf("%d bytes of %d, %v", len(response.GetPayload().GetBody()), size, err)
			}
		})
	}
	calls.Wait()
}

func largeStream(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) {
	const count, size = 20, 1 << 20
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for range count {
			request := &testgrpc.StreamingOutputCallRequest{
				ResponseParameters: []*testgrpc.ResponseParameters{{Size: size}},
				Payload:            interop.ClientNewPayload(testgrpc.PayloadType_COMPRESSABLE, size),
			}
			if err := stream.Send(request); err != nil {
				log.Fatal(err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			log.Fatal(err)
		}
	}()
	for range count {
		response, err := stream.Recv()
		if err != nil || len(response.GetPayload().GetBody()) != size {
			log.Fatalf("%d bytes, %v", len(response.GetPayload().GetBody()), err)
		}
	}
}

func main() {
	address := flag.String("address", "", "host:port of the server")
	flag.Parse()
	log.SetFlags(0)
	conn, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for _, test := range cases {
		log.SetPrefix(fmt.Sprintf("FAILED %s: ", test.name))
		test.run(ctx, testgrpc.NewTestServiceClient(conn), conn)
		fmt.Println("ok", test.name)
	}
	fmt.Println(len(cases), "cases passed")
}
