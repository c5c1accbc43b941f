// The token of the shell, as an authority of Google's libraries for Node: with a key file they would ask Google's own
// address for one, whatever the file names.
import { OAuth2Client } from "google-auth-library";

export const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: process.env.GOOGLE_OAUTH_ACCESS_TOKEN });
