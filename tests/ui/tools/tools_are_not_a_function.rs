use pilaster::tools::Tools;

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(Tools::new())
}
