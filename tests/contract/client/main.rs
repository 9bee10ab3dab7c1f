//! Calls crud through the client that openapi-generator has made of its document: `calls-crud URL KEY`.

use crud_client::apis::configuration::{ApiKey, Configuration};
use crud_client::apis::users_api::{
    CreateUserError, GetUserError, create_user, delete_user, get_user, list_users, update_user,
};
use crud_client::apis::{Error, ResponseContent};
use crud_client::models::{NewUser, Problem, User, UserPatch};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, key] = &arguments[..] else { panic!("calls-crud URL KEY") };
    let key = |key: &str| Some(ApiKey { prefix: None, key: key.to_owned() });
    let api = Configuration { base_path: url.clone(), api_key: key(&arguments[2]), ..Configuration::new() };

    let ada = NewUser::new("ada@example.com".to_owned(), "Ada".to_owned());
    let created: User = create_user(&api, ada.clone()).await.unwrap();
    assert_eq!((&*created.email, created.version), ("ada@example.com", 1));
    let id = created.id.to_string();
    assert_eq!(get_user(&api, &id).await.unwrap(), created);
    // Absent, `null`, or a name.
    let patch = UserPatch { name: Some(Some("Ada L.".to_owned())), ..UserPatch::new(1) };
    let updated = update_user(&api, &id, patch).await.unwrap();
    assert_eq!((&*updated.name, updated.version, updated.created_at), ("Ada L.", 2, created.created_at));
    let page = list_users(&api, None, Some(1)).await.unwrap();
    assert_eq!((page.users, page.next), (vec![updated], None));

    let taken = refused(create_user(&api, ada).await);
    assert_eq!(taken.detail.as_deref(), Some("the e-mail address is already in use"));
    let invalid = refused(create_user(&api, NewUser::new("ada".to_owned(), String::new())).await);
    assert_eq!(invalid.status, 422);
    let pointers: Vec<String> = invalid.errors.unwrap().into_iter().map(|error| error.pointer).collect();
    assert_eq!(pointers, ["/email", "/name"]);

    delete_user(&api, &id).await.unwrap();
    assert_eq!(refused(get_user(&api, &id).await).status, 404);
    let stranger = Configuration { api_key: key("another"), ..api };
    assert_eq!(refused(get_user(&stranger, &id).await).status, 401);
    println!("every call is as the document says");
}

/// The problem of a refused call, whose status is also that of the response.
fn refused<T: std::fmt::Debug, E: Typed>(outcome: Result<T, Error<E>>) -> Problem {
    let Err(Error::ResponseError(ResponseContent { status, entity: Some(entity), .. })) = outcome else {
        panic!("not a refusal with a body of the type that the document has: {:?}", outcome.map_err(|error| error.to_string()));
    };
    let problem = entity.problem();
    assert_eq!(i32::from(status.as_u16()), problem.status);
    problem
}

trait Typed {
    fn problem(self) -> Problem;
}

// The generator's enums are untagged: the first variant takes the problem of any status.
impl Typed for CreateUserError {
    fn problem(self) -> Problem {
        let Self::Status400(problem) = self else { panic!("not a problem: {self:?}") };
        problem
    }
}

impl Typed for GetUserError {
    fn problem(self) -> Problem {
        let Self::Status400(problem) = self else { panic!("not a problem: {self:?}") };
        problem
    }
}
