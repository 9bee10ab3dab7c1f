//! Tests of how spans are sent.

use super::*;

/// A collector that accepts connections and never responds.
async fn dead_collector() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            held.push(stream);
        }
    });
    (address, asked)
}

#[tokio::test(start_paused = true)]
async fn a_dead_collector_costs_the_time_limit_once_and_is_one_warning() {
    let (address, asked) = dead_collector().await;
    let lines = logging::CapturedLogs::default();
    let dispatch = subscriber(&lines);
    let layer = TracesLayer::new().endpoint(address);
    let called = async move {
        let mut service = layer.layer(service_fn(async |_: Incoming| answer()));
        let mut took = Vec::new();
        for pause in [0, 0, 1, 5, 0, 9, 2] {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            let event = crate::RawEvent::parse("{}").unwrap();
            let began = Instant::now();
            service.call(Incoming { event, invocation: invocation(Some(HEADER)) }).await.unwrap();
            took.push(began.elapsed().as_millis());
        }
        took
    };
    let took = called.with_subscriber(dispatch).await;
    // The clock of a test moves on by whole milliseconds.
    let tried: Vec<bool> = took.iter().map(|took| (500..=501).contains(took)).collect();
    assert!(took.iter().zip(&tried).all(|(took, tried)| *tried || *took == 0), "{took:?}");
    assert_eq!(tried, [true, false, false, true, false, false, true], "after 5 s, then after 10 s: {took:?}");
    let warnings = lines.lines();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0]["error"], "no response within 500ms");
    assert!(asked.load(Ordering::Relaxed) <= 3);
}

#[tokio::test(start_paused = true)]
async fn the_response_arrives_before_the_deadline_even_if_the_collector_is_dead() {
    let (address, _) = dead_collector().await;
    let dispatch = subscriber(&logging::CapturedLogs::default());
    let layer = TracesLayer::new().endpoint(address);
    let invocation = Invocation::with_time_left(Context::default(), Some(Duration::from_millis(400)));
    let incoming = Incoming { event: crate::RawEvent::parse("{}").unwrap(), invocation };
    let called = async move {
        let began = Instant::now();
        layer.layer(service_fn(async |_: Incoming| answer())).oneshot(incoming).await.unwrap();
        began.elapsed()
    };
    let took = called.with_subscriber(dispatch).await;
    assert!(took <= Duration::from_millis(301), "{took:?}");
}

#[tokio::test]
async fn spans_that_do_not_arrive_before_one_deadline_are_sent_by_the_next_invocation() {
    let (lines, received) = (logging::CapturedLogs::default(), Arc::new(AtomicUsize::new(0)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let count = Arc::clone(&received);
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let (slow, _) = listener.accept().await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 65_536];
        let length = stream.read(&mut request).await.unwrap();
        let sent = String::from_utf8_lossy(&request[..length]).into_owned();
        count.store(["first", "second"].iter().filter(|name| sent.contains(*name)).count(), Ordering::Relaxed);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        drop(slow);
    });
    let layer = TracesLayer::new().endpoint(address).export_timeout(Duration::from_secs(30));
    let dispatch = subscriber(&lines);
    let called = async move {
        let mut service = layer.layer(service_fn(async |incoming: Incoming| {
            let number: u8 = serde_json::from_str(incoming.event.get()).unwrap();
            let _span =
                if number == 1 { tracing::info_span!("first") } else { tracing::info_span!("second") }.entered();
            answer()
        }));
        for (number, left) in [("1", 130), ("2", 60_000)] {
            let event = crate::RawEvent::parse(number).unwrap();
            let context = invocation(Some(HEADER)).context().clone();
            let invocation = Invocation::with_time_left(context, Some(Duration::from_millis(left)));
            service.call(Incoming { event, invocation }).await.unwrap();
        }
    };
    called.with_subscriber(dispatch).await;
    assert_eq!(received.load(Ordering::Relaxed), 2, "the spans of both invocations");
    let messages: Vec<_> = lines.lines().iter().map(|line| line["message"].clone()).collect();
    assert_eq!(messages, ["spans could not be sent before the deadline; the next invocation sends them"]);
}

/// The datagram that `AwsXrayUdpSpanExporter` of `@aws/aws-distro-opentelemetry-exporter-xray-udp` 0.0.2 sends of a
/// span `step` with the attribute `number`, of the service `pay`.
const OF_AWS: &str = "{\"format\":\"json\",\"version\":1}\n\
    T1SCuEBCocBChUKDHNlcnZpY2UubmFtZRIFCgNwYXkKIgoWdGVsZW1ldHJ5LnNkay5sYW5ndWFnZRIICgZub2RlanMKJQoSdGVsZW1ldHJ5LnN\
    kay5uYW1lEg8KDW9wZW50ZWxlbWV0cnkKIQoVdGVsZW1ldHJ5LnNkay52ZXJzaW9uEggKBjEuMzAuMRAAElUKAwoBdBJOChDEWv3XzOubmsgqp\
    4E38ABmEgjqM3P0xetbmSoEc3RlcDABOQCc4j0NJOoYQYVg5j0NJOoYSgwKBm51bWJlchICGAdQAGAAcAB6AhgA";

/// The spans of a datagram, and the service that they are of.
fn of_datagram(text: &str) -> (String, Vec<opentelemetry_proto::tonic::trace::v1::Span>) {
    use base64::Engine as _;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use prost::Message as _;

    let spans = text.strip_prefix("{\"format\":\"json\",\"version\":1}\nT1S").expect("the head, and sampled spans");
    let spans = base64::engine::general_purpose::STANDARD.decode(spans).expect("base64");
    let mut request = ExportTraceServiceRequest::decode(&*spans).expect("OTLP");
    let mut of_resource = request.resource_spans.remove(0);
    let attributes = of_resource.resource.expect("a resource").attributes;
    let service = attributes.into_iter().find(|attribute| attribute.key == "service.name").expect("a service");
    let Some(Value::StringValue(service)) = service.value.and_then(|value| value.value) else { panic!("a text") };
    (service, of_resource.scope_spans.remove(0).spans)
}

#[tokio::test]
async fn many_spans_reach_the_x_ray_daemon_in_datagrams_of_the_form_of_aws() {
    let (service, spans) = of_datagram(OF_AWS);
    assert_eq!((service.as_str(), spans.len(), spans[0].name.as_str()), ("pay", 1, "step"));
    let daemon = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let address = daemon.local_addr().unwrap().to_string();
    // Datagrams are received while others are sent: the buffer of a socket may be small.
    let received = std::thread::spawn(move || {
        let (mut count, mut datagrams, mut buffer) = (0, 0, vec![0; 70_000]);
        while count < 401 {
            let length = daemon.recv(&mut buffer).unwrap();
            datagrams += 1;
            let (service, spans) = of_datagram(std::str::from_utf8(&buffer[..length]).unwrap());
            assert_eq!(service, "pay");
            count += spans.len();
        }
        (count, datagrams)
    });
    let dispatch = subscriber(&logging::CapturedLogs::default());
    let layer =
        TracesLayer::from_vars(move |name| (name == "AWS_XRAY_DAEMON_ADDRESS").then(|| address.clone())).service("pay");
    let incoming = Incoming { event: crate::RawEvent::parse("{}").unwrap(), invocation: invocation(Some(HEADER)) };
    let called = async move {
        let function = service_fn(async |_: Incoming| {
            for number in 0..400 {
                tracing::info_span!("step", number, padding = "x".repeat(200)).in_scope(|| ());
            }
            answer()
        });
        layer.layer(function).oneshot(incoming).await
    };
    called.with_subscriber(dispatch).await.unwrap();
    let (count, datagrams) = received.join().unwrap();
    assert_eq!(count, 401);
    assert!(datagrams > 1);
}
