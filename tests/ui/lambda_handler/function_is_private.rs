mod orders {
    #[pilaster::lambda_handler]
    async fn ship(_: pilaster::Sqs<u32>) {}
}

fn test() {
    let _ = pilaster::run(orders::ship::function());
}
