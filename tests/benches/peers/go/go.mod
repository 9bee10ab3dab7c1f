module bench-go

go 1.25

require github.com/aws/aws-lambda-go v1.55.1
