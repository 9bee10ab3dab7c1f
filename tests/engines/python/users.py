"""Users of the user pool of a stack, and the JWT authorizer that the engine does not create for the events of a template."""


class Users:
    def __init__(self, stack, pool, client):
        self.cognito, self.gateway = stack.client("cognito-idp"), stack.client("apigatewayv2")
        self.stack, self.pool, self.client = stack, pool, client

    def protect(self, api):
        """Creates the authorizer of the template in an API, on all of its routes."""
        region = self.cognito.meta.region_name
        authorizer = self.gateway.create_authorizer(
            ApiId=api,
            Name="users",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={
                "Issuer": f"https://cognito-idp.{region}.amazonaws.com/{self.pool}",
                "Audience": [self.client],
            },
        )["AuthorizerId"]
        for route in self.gateway.get_routes(ApiId=api)["Items"]:
            self.gateway.update_route(
                ApiId=api, RouteId=route["RouteId"], AuthorizationType="JWT", AuthorizerId=authorizer
            )

    def of_another_pool(self):
        """Returns the users of a new user pool, which the API does not know."""
        pool = self.cognito.create_user_pool(
            PoolName="another", Schema=[{"Name": "tenant", "AttributeDataType": "String", "Mutable": False}]
        )["UserPool"]["Id"]
        client = self.cognito.create_user_pool_client(
            UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        return Users(self.stack, pool, client)

    def tokens(self, name, groups=(), **attributes):
        """Creates a user with these custom attributes, and returns the tokens of its session."""
        password = "canary-7f3a-Password1!"
        user = {"UserPoolId": self.pool, "Username": name}
        attributes = [{"Name": f"custom:{key}", "Value": value} for key, value in attributes.items()]
        self.cognito.admin_create_user(**user, UserAttributes=attributes, MessageAction="SUPPRESS")
        self.cognito.admin_set_user_password(**user, Password=password, Permanent=True)
        for group in groups:
            found = self.cognito.list_groups(UserPoolId=self.pool)["Groups"]
            if group not in [each["GroupName"] for each in found]:
                self.cognito.create_group(UserPoolId=self.pool, GroupName=group)
            self.cognito.admin_add_user_to_group(**user, GroupName=group)
        return self.cognito.admin_initiate_auth(
            UserPoolId=self.pool,
            ClientId=self.client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )["AuthenticationResult"]


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def forged(token):
    """Returns a token with the claims of this one and the signature of nobody."""
    head, claims, _ = token.split(".")
    return f"{head}.{claims}.{'A' * 342}"
