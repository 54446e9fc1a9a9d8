export { GrpcClient, hostClock } from "./grpc-client.ts";
