use pilaster::tools::Tools;

async fn ask(city: String) -> String {
    city
}

fn main() {
    let _ = Tools::new().add(ask);
}
