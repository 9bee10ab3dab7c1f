//! An issuer that fails, withdraws its keys, or has none.

use super::*;

#[tokio::test(start_paused = true)]
async fn while_the_issuer_fails_known_keys_work_for_an_hour() {
    let html = Behaviour::With("<html>sign in</html>");
    let no_set = Behaviour::With(r#"{"keys":{}}"#);
    let secret = Behaviour::With(r#"{"keys":[{"kty":"oct","k":"AA"}]}"#);
    let mixed = Behaviour::With(r#"{"keys":[{"kty":"oct","k":"AA"},{"kty":"OKP"}]}"#);
    for behaviour in [Behaviour::Hangs, Behaviour::Fails, html, no_set, secret, mixed] {
        let (known, unknown) = (issuer(), issuer());
        let server = Server::new(&[&known]);
        let verifier = server.verifier();
        let (known, unknown) = (token(&known), token(&unknown));
        assert_eq!(refused(&verifier, &known).await, None);
        server.behave(behaviour);

        assert_eq!(refused(&verifier, &unknown).await, Some(JwtReason::KeysUnavailable));
        let fetches = server.fetches();
        assert_eq!(refused(&verifier, &unknown).await, Some(JwtReason::KeysUnavailable));
        assert_eq!(server.fetches(), fetches, "a pause after the failure");
        for _ in 0..69 {
            assert_eq!(refused(&verifier, &known).await, None);
            advance(SECOND * 60).await;
        }
        assert!(server.fetches() < fetches + 80, "{} fetches within 69 minutes", server.fetches());
        advance(SECOND * 120).await;
        assert_eq!(refused(&verifier, &known).await, Some(JwtReason::KeysUnavailable), "an hour after 10 minutes");
        server.behave(Behaviour::Responds);
        advance(SECOND * 30).await;
        assert_eq!(refused(&verifier, &known).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_without_usable_keys_withdraws_the_known_ones() {
    let unusable = r#"{"keys":[{"kty":"AKP","alg":"ML-DSA-44","kid":"pq","pub":"AA"}]}"#;
    for document in [r#"{"keys":[]}"#, unusable] {
        let (known, unknown) = (issuer(), issuer());
        let server = Server::new(&[&known]);
        let verifier = server.verifier();
        let (known, unknown) = (token(&known), token(&unknown));
        assert_eq!(refused(&verifier, &known).await, None);
        server.behave(Behaviour::With(document));
        // The keys are fresh until they are fetched again: here for a key that is not among them.
        assert_eq!(refused(&verifier, &known).await, None);
        for token in [&unknown, &known, &unknown] {
            assert_eq!(refused(&verifier, token).await, Some(JwtReason::UnknownKey), "{document}");
        }
        assert_eq!(server.fetches(), 2, "{document}");
        verifier.warm().await.unwrap();

        // A later failure does not bring the old keys back.
        server.behave(Behaviour::Fails);
        advance(SECOND * 30).await;
        assert_eq!(refused(&verifier, &known).await, Some(JwtReason::KeysUnavailable), "{document}");
        server.behave(Behaviour::Responds);
        advance(SECOND * 30).await;
        assert_eq!(refused(&verifier, &known).await, None, "{document}");
    }

    // Without an unknown key, they end with their freshness.
    let known = issuer();
    let server = Server::new(&[&known]);
    let (verifier, token) = (server.verifier(), token(&known));
    assert_eq!(refused(&verifier, &token).await, None);
    server.behave(Behaviour::With(r#"{"keys":[]}"#));
    advance(SECOND * 601).await;
    assert_eq!(refused(&verifier, &token).await, Some(JwtReason::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_does_not_take_known_ones_away() {
    let (known, unknown) = (issuer(), issuer());
    let server = Server::new(&[&known]);
    let verifier = server.verifier();
    let (known, unknown) = (token(&known), token(&unknown));
    assert_eq!(refused(&verifier, &known).await, None);
    server.behave(Behaviour::Hangs);
    for age in [601, 900, 1800] {
        advance(SECOND * age).await;
        let both = [&unknown, &known, &unknown, &known].map(|token| refused(&verifier, token));
        let expected = [Some(JwtReason::KeysUnavailable), None, Some(JwtReason::KeysUnavailable), None];
        assert_eq!(join_all(both).await, expected, "{age}");
        assert_eq!(refused(&verifier, &unknown).await, Some(JwtReason::KeysUnavailable));
        assert_eq!(refused(&verifier, &known).await, None, "{age}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_keys_the_pauses_between_fetches_grow() {
    let issuer = issuer();
    let server = Server::new(&[&issuer]);
    server.behave(Behaviour::Fails);
    let (verifier, token) = (server.verifier(), token(&issuer));
    for _ in 0..300 {
        assert_eq!(refused(&verifier, &token).await, Some(JwtReason::KeysUnavailable));
        advance(SECOND).await;
    }
    assert!((10..18).contains(&server.fetches()), "{} fetches in 5 minutes", server.fetches());
    server.behave(Behaviour::Responds);
    advance(SECOND * 30).await;
    assert_eq!(refused(&verifier, &token).await, None);
    verifier.warm().await.unwrap();
}
