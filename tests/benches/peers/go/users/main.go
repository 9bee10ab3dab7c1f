// POST /users on aws-lambda-go, hand-written in one handler.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type user struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

type line struct {
	Level     string `json:"level"`
	Message   string `json:"message"`
	Timestamp string `json:"timestamp"`
	Service   string `json:"service"`
	ColdStart bool   `json:"cold_start"`
	Function  string `json:"function_name"`
	Memory    int    `json:"function_memory_size"`
	ARN       string `json:"function_arn"`
	RequestID string `json:"function_request_id"`
	Trace     string `json:"xray_trace_id"`
	Status    int    `json:"status"`
	Error     string `json:"error,omitempty"`
}

var (
	coldStart = true
	headers   = map[string]string{
		"content-type":                 "application/json",
		"access-control-allow-origin":  "https://app.example.com",
		"access-control-allow-headers": "content-type",
		"access-control-allow-methods": "POST",
	}
)

func create(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	status, body, failure := answer(event)
	log(ctx, status, failure)
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: headers, Body: body}, nil
}

func answer(event events.APIGatewayV2HTTPRequest) (status int, body string, failure string) {
	var created user
	if json.Unmarshal([]byte(event.Body), &created) != nil {
		return 400, `{"message":"malformed JSON"}`, ""
	}
	if !strings.Contains(created.Email, "@") || len(created.Email) > 254 {
		return 422, `{"message":"invalid email"}`, ""
	}
	if created.Name == "" || len(created.Name) > 100 {
		return 422, `{"message":"invalid name"}`, ""
	}
	if created.Email == "boom@example.com" {
		return 500, `{"message":"Internal Server Error"}`, "db password is hunter2"
	}
	created.ID = event.RequestContext.RequestID
	text, err := json.Marshal(created)
	if err != nil {
		return 500, `{"message":"Internal Server Error"}`, err.Error()
	}
	return 201, string(text), ""
}

func log(ctx context.Context, status int, failure string) {
	level := "INFO"
	if failure != "" {
		level = "ERROR"
	}
	entry := line{
		Level: level, Message: "POST /users", Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		Service: "users", ColdStart: coldStart, Function: lambdacontext.FunctionName,
		Memory: lambdacontext.MemoryLimitInMB, Status: status, Error: failure,
	}
	coldStart = false
	if of, ok := lambdacontext.FromContext(ctx); ok {
		entry.ARN, entry.RequestID = of.InvokedFunctionArn, of.AwsRequestID
	}
	if trace, ok := ctx.Value("x-amzn-trace-id").(string); ok {
		entry.Trace = trace
	}
	var out bytes.Buffer
	// Encode ends the line; a line that cannot be encoded says so.
	if err := json.NewEncoder(&out).Encode(entry); err != nil {
		out.WriteString(strconv.Quote(err.Error()) + "\n")
	}
	os.Stdout.Write(out.Bytes())
}

func main() {
	lambda.Start(create)
}
