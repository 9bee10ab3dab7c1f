use pilaster::channels::Access;

fn main() {
    let _: Access = pilaster::appsync::Access::allow();
}
